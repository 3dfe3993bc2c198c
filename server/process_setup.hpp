#pragma once

namespace loadstar::server {

/// Settings of the whole process, made first thing in main(): the allocator keeps and reuses its
/// pages, because a freshly mapped page costs more than everything else on the way of the rows
/// (performance.md 1), and a peer that goes away is an error code, not a signal. `threads`: threads
/// that will allocate.
void set_up_process(unsigned threads);

}  // namespace loadstar::server
