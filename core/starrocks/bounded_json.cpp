#include "core/starrocks/bounded_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace loadstar::starrocks {
namespace {

using Json = nlohmann::json;

/// Builds the document itself instead of using the library's own builder, which keeps the last of
/// two equal keys and has no bound of depth. Returning false ends the parse.
class Builder {
 public:
  explicit Builder(std::size_t max_depth) : max_depth_(max_depth) {}

  // The names and signatures are those of nlohmann::json_sax.
  bool null() { return add(Json(nullptr)) != nullptr; }
  bool boolean(bool value) { return add(Json(value)) != nullptr; }
  bool number_integer(std::int64_t value) { return add(Json(value)) != nullptr; }
  bool number_unsigned(std::uint64_t value) { return add(Json(value)) != nullptr; }
  bool number_float(double value, const std::string& /*text*/) {
    return add(Json(value)) != nullptr;
  }
  bool string(std::string& value) { return add(Json(std::move(value))) != nullptr; }
  bool binary(Json::binary_t& /*value*/) { return false; }
  bool start_object(std::size_t /*count*/) { return open(Json::object()); }
  bool start_array(std::size_t /*count*/) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (open_.back()->contains(name)) {
      why_ = "a key is there twice";
      return false;
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) {
    why_ = fmt::format("no JSON at byte {}", position);
    return false;
  }

  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] Json take() { return std::move(root_); }

 private:
  Json* add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  bool open(Json empty) {
    if (open_.size() >= max_depth_) {
      why_ = fmt::format("nested deeper than {}", max_depth_);
      return false;
    }
    // Pointers to parents stay valid: only the innermost container grows.
    open_.push_back(add(std::move(empty)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::size_t max_depth_;
  Json root_;
  std::vector<Json*> open_;
  std::string key_;
  std::string why_;
};

}  // namespace

Result<Json> parse_bounded_json(std::string_view text, const JsonLimits& limits) {
  const auto malformed = [](std::string why) {
    return Error{Errc::kMalformedReply, Certainty::kUnknown, std::move(why)};
  };
  if (text.size() > limits.max_bytes) {
    return malformed(
        fmt::format("the reply has {} bytes, more than {}", text.size(), limits.max_bytes));
  }
  Builder builder(limits.max_depth);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return malformed("the reply is not the JSON expected: " + builder.why());
  }
  return Result<Json>(boost::system::in_place_value, builder.take());
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMaxBytes = 512;
  std::size_t length = std::min(text.size(), kMaxBytes);
  // Not in the middle of a UTF-8 character: clients get this text in protobuf strings.
  const auto continues = [&text](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80U;
  };
  while (length > 0 && length < text.size() && continues(length)) --length;
  std::string safe;
  for (const char character : text.substr(0, length)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) {
      safe += fmt::format("\\x{:02x}", byte);
    } else {
      safe += character;
    }
  }
  if (text.size() > kMaxBytes) safe += fmt::format("... ({} bytes)", text.size());
  return safe;
}

}  // namespace loadstar::starrocks
