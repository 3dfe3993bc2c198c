#pragma once

namespace loadstar::server {

/// Opens what is closed of standard input, output and error to nothing: a file or socket that took
/// such a number would be read or written as if it were meant. First thing in main().
void occupy_standard_descriptors();

/// Settings of the whole process, made first thing in main(): the allocator keeps and reuses its
/// pages, because a freshly mapped page costs more than everything else on the way of the rows
/// (performance.md 1), a peer that goes away is an error code, not a signal, and as many files may
/// be open as the system lets (a listener of gRPC 1.51 whose accept() once found none never accepts
/// again, delivery-and-faults.md F245). `threads`: threads that will allocate.
void set_up_process(unsigned threads);

}  // namespace loadstar::server
