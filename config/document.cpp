#include "config/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

namespace loadstar::config {
namespace {

/// Ends the parse after a problem that leaves nothing to go on with.
struct StopParsing {};

Mark to_mark(const YAML::Mark& mark) {
  if (mark.is_null()) return {1, 1};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

/// Whether the quoted text that begins at `start` has its end. yaml-cpp takes the end of the file
/// for it where a line break comes before.
bool is_quote_closed(std::string_view text, std::size_t start) {
  const char quote = text[start];
  for (std::size_t at = start + 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      // '' within single quotes is one of them.
      if (quote == '"' || at + 1 == text.size() || text[at + 1] != quote) return true;
      ++at;
    }
  }
  return false;
}

/// Builds the tree from yaml-cpp's events. Its Node API is not used: it hides duplicate keys and
/// resolves aliases (style-anchors.md 2.5).
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::vector<Problem>& problems)
      : text_(text), problems_(problems) {}

  /// The tree; what was open when the parse ended is closed.
  [[nodiscard]] Node take() {
    closing_ = true;
    while (!frames_.empty()) {
      frames_.back().key.reset();
      close();
    }
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    refuse(to_mark(mark), "a second document; the file holds one, without `---` in it");
    throw StopParsing{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    Node node;
    node.mark = to_mark(mark);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(to_mark(mark), kAliasMessage);
    Node node;
    node.mark = to_mark(mark);
    node.broken = true;
    add(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    refuse_open_quote(mark);
    Node node;
    node.kind = Node::Kind::kScalar;
    node.mark = to_mark(mark);
    node.text = value;
    node.written = value;
    node.broken = !plain_tag(tag);
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  /// The path of the value that is being read.
  [[nodiscard]] std::string path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.node.kind == Node::Kind::kList) {
        path += fmt::format("[{}]", frame.node.items.size());
      } else if (frame.key) {
        path = join_key(path, frame.key->key);
      }
    }
    return path;
  }

  static constexpr std::string_view kAliasMessage =
      "anchors and aliases are not supported; write the value out, and quote a text that begins "
      "with "
      "`&` or `*`";

 private:
  struct Frame {
    Node node;
    std::optional<NodeEntry> key;  ///< of a map: the key whose value comes next
  };

  void refuse(Mark mark, std::string_view message) {
    problems_.push_back({Severity::kError, {}, mark, path(), std::string(message), {}});
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(to_mark(mark), kAliasMessage);
  }

  /// "?" and "!" are what yaml-cpp says for plain and quoted scalars without a tag.
  static bool plain_tag(const std::string& tag) { return tag.empty() || tag == "?" || tag == "!"; }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (plain_tag(tag)) return;
    refuse(to_mark(mark), "tags are not supported; quote a text that begins with `!`");
  }

  void refuse_open_quote(const YAML::Mark& mark) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (mark.is_null()) return;
    std::string_view text = text_;
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    const auto start = static_cast<std::size_t>(mark.pos);
    if (start >= text.size() || (text[start] != '"' && text[start] != '\'')) return;
    if (is_quote_closed(text, start)) return;
    refuse(to_mark(mark), "not YAML: the closing quote is missing");
    throw StopParsing{};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (frames_.size() == kMaxDepth) {
      refuse(to_mark(mark), fmt::format("nested deeper than {} levels", kMaxDepth));
      throw StopParsing{};
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = to_mark(mark);
    frames_.push_back(std::move(frame));
  }

  void close() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == Node::Kind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      begin_entry(frame, node);
    } else {
      end_entry(frame, std::move(node));
    }
  }

  void begin_entry(Frame& frame, const Node& key) {
    // What was only half read is no key.
    if (key.kind != Node::Kind::kScalar && !closing_) refuse(key.mark, "a key must be plain text");
    frame.key = NodeEntry{key.text, key.mark, {}};
    if (key.text == "<<") refuse(key.mark, "merge keys are not supported; write the keys out");
  }

  void end_entry(Frame& frame, Node value) {
    NodeEntry entry = std::move(*frame.key);
    auto& entries = frame.node.entries;
    const auto first =
        std::find_if(entries.begin(), entries.end(),
                     [&entry](const NodeEntry& other) { return other.key == entry.key; });
    if (first != entries.end()) {
      frame.key = entry;
      refuse(entry.mark,
             fmt::format("duplicate key; it is already set in line {}, keep one of them",
                         first->mark.line));
      frame.key.reset();
      return;
    }
    frame.key.reset();
    if (entry.key == "<<" || entry.key.empty()) return;
    entry.value = std::move(value);
    entries.push_back(std::move(entry));
  }

  std::string_view text_;
  std::vector<Problem>& problems_;
  bool closing_ = false;  ///< the parse has ended
  std::vector<Frame> frames_;
  Node root_;
  unsigned documents_ = 0;
};

/// Length of the well-formed UTF-8 character at the start of `rest`; 0 if there is none (RFC 3629
/// 4).
std::size_t utf8_length(std::string_view rest) {
  const auto byte = [&rest](std::size_t index) { return static_cast<unsigned char>(rest[index]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || rest.size() < length) return 0;
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xC0U) != 0x80U) return 0;
  }
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) ||
      (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return length;
}

/// The first byte that a text file does not have: a control byte, no UTF-8, or a carriage return
/// that ends no line, which yaml-cpp would take for text.
std::optional<Problem> find_foreign_byte(std::string_view text) {
  Mark mark{1, 1};
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_length(text.substr(at));
    const bool control =
        (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
    if (length == 0 || control) {
      return Problem{Severity::kError,
                     {},
                     mark,
                     {},
                     fmt::format("byte 0x{:02x} is {}; the file must be UTF-8 text", byte,
                                 control ? "a control byte" : "not UTF-8"),
                     {}};
    }
    if (byte == '\r' && !text.substr(at + 1).starts_with('\n')) {
      return Problem{Severity::kError,
                     {},
                     mark,
                     {},
                     "a carriage return (0x0d) without a line feed behind it; end lines with LF or "
                     "CR LF",
                     {}};
    }
    if (byte == '\n') {
      mark = {mark.line + 1, 1};
    } else {
      mark.column += static_cast<unsigned>(length);
    }
    at += length;
  }
  return std::nullopt;
}

Node unreadable() {
  Node node;
  node.broken = true;
  return node;
}

/// yaml-cpp's messages without what they quote from the file, which may be a secret.
std::string safe_message(const std::string& message) {
  if (message.starts_with("the referenced anchor")) return std::string(TreeBuilder::kAliasMessage);
  return "not YAML: " + message.substr(0, message.find(':'));
}

bool is_indented_by_tab(std::string_view text, unsigned line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const std::string_view indent = text.substr(0, text.find_first_not_of(" \t"));
  return indent.find('\t') != std::string_view::npos;
}

}  // namespace

Node parse_document(std::string_view text, std::vector<Problem>& problems) {
  if (text.size() > kMaxFileBytes) {
    problems.push_back({Severity::kError,
                        {},
                        {1, 1},
                        {},
                        fmt::format("the file has {} bytes; at most {} (1MiB) are read",
                                    text.size(), kMaxFileBytes),
                        {}});
    return unreadable();
  }
  if (auto foreign = find_foreign_byte(text)) {
    problems.push_back(std::move(*foreign));
    return unreadable();
  }
  TreeBuilder builder(text, problems);
  std::istringstream stream{std::string(text)};
  bool complete = false;
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    complete = true;
  } catch (const StopParsing&) {
    // The problem is recorded.
  } catch (const YAML::Exception& error) {
    const Mark mark = to_mark(error.mark);
    std::string message = safe_message(error.msg);
    if (is_indented_by_tab(text, mark.line))
      message += "; YAML is indented with blanks, not with tabs";
    problems.push_back({Severity::kError, {}, mark, builder.path(), std::move(message), {}});
  }
  Node root = builder.take();
  root.broken = !complete;
  // The last key of a file that ends in the middle may hold anything.
  if (root.broken && !root.entries.empty()) root.entries.pop_back();
  return root;
}

std::string join_key(std::string_view parent, std::string_view child) {
  if (parent.empty()) return std::string(child);
  return fmt::format("{}.{}", parent, child);
}

}  // namespace loadstar::config
