#include "core/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace loadstar {

void assertion_failed(std::string_view condition, std::string_view message, std::string_view file,
                      int line) {
  std::fprintf(stderr, "loadstar: assertion failed: %.*s (%.*s) at %.*s:%d\n",
               static_cast<int>(condition.size()), condition.data(),
               static_cast<int>(message.size()), message.data(), static_cast<int>(file.size()),
               file.data(), line);
  std::abort();
}

}  // namespace loadstar
