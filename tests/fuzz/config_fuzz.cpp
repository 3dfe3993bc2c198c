// A configuration file, or a part of one, typed by a person or made by a template
// (delivery-and-faults.md 5.1: 1 MiB, 32 levels, no aliases).

#include "config/load.hpp"
#include "config/show.hpp"
#include "core/base/assert.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loadstar;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  config::Surroundings surroundings;
  surroundings.environment = [](const std::string&) { return std::optional<std::string>("value"); };
  surroundings.system_root = "/nowhere";

  const config::Loaded loaded = config::load_text(text, "fuzz", surroundings);
  LOADSTAR_ASSERT(loaded.options.has_value() != config::has_errors(loaded.problems),
                  "there are options, or there is an error");
  for (const config::Problem& problem : loaded.problems) {
    LOADSTAR_ASSERT(!problem.message.empty(), "a problem says what it is");
    LOADSTAR_ASSERT(problem.mark.line >= 1, "a problem of a text has a line");
  }
  LOADSTAR_ASSERT(config::render_problems(loaded.problems).empty() == loaded.problems.empty(),
                  "each problem is rendered");
  if (loaded.options) {
    const std::string shown = config::show(*loaded.options, loaded.origins);
    const config::Loaded again = config::load_text(shown, "shown", surroundings);
    LOADSTAR_ASSERT(again.options.has_value(), "what is shown can be loaded");
  }
  return 0;
}
