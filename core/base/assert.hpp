#pragma once

#include <string_view>

namespace loadstar {

/// Prints the broken expectation with its place to stderr and aborts. Called by LOADSTAR_ASSERT.
[[noreturn]] void assertion_failed(std::string_view condition, std::string_view message,
                                   std::string_view file, int line);

}  // namespace loadstar

/// States what must hold unless we made a mistake; stays on in release builds. A restart is safe,
/// because nothing durable lives in the daemon (architecture.md D1). Errors of the world (network,
/// StarRocks, clients, files) are never asserted; they are `Result`s.
#define LOADSTAR_ASSERT(condition, message)                                                  \
  do {                                                                                       \
    if (!(condition)) ::loadstar::assertion_failed(#condition, message, __FILE__, __LINE__); \
  } while (false)
