#pragma once

#include <string>
#include <utility>

namespace loadstar {

/// A password or token. It cannot be streamed, formatted, compared or converted, so it cannot reach
/// a log, a page or a metric by accident; whoever needs the text says reveal() and can be found.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace loadstar
