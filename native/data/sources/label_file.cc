#include "data/sources/label_file.h"

#include <array>
#include <cctype>

namespace singlepath {
namespace {

constexpr int kDeepestJson = 64;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Reads just enough JSON (RFC 8259) to find members of the outermost object. Every function is false where
// the text is not JSON.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  template <class Member>  // bool(std::string key): reads the value that follows
  bool object(const Member& member) {
    if (!take('{')) return false;
    if (take('}')) return true;
    do {
      std::string key;
      if (!string(key) || !take(':') || !member(key)) return false;
    } while (take(','));
    return take('}');
  }

  bool string(std::string& out) {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }

  // The text of a number, true, false or null.
  std::string_view word() {
    skip_blanks();
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '-' ||
                                  text_[at_] == '+' || text_[at_] == '.')) {
      at_++;
    }
    return text_.substr(begin, at_ - begin);
  }

  bool skip_value(int depth = 0) {
    if (depth == kDeepestJson) return false;
    switch (peek()) {
      case '{':
        return object([&](const std::string&) { return skip_value(depth + 1); });
      case '[':
        take('[');
        if (take(']')) return true;
        do {
          if (!skip_value(depth + 1)) return false;
        } while (take(','));
        return take(']');
      case '"': {
        std::string unused;
        return string(unused);
      }
      default:
        return !word().empty();
    }
  }

  char peek() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool at_end() { return peek() == '\0' && at_ == text_.size(); }

 private:
  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    at_++;
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) at_++;
  }

  bool escape(std::string& out) {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    if (const size_t known = kNames.find(c); known != std::string_view::npos) {
      out += kMeanings[known];
      return true;
    }
    uint32_t code = 0;
    if (c != 'u' || !hex(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {  // a surrogate pair
      at_ += 2;
      uint32_t low = 0;
      if (!hex(low) || low < 0xdc00 || low > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return true;
  }

  bool hex(uint32_t& code) {
    if (text_.size() - at_ < 4) return false;
    for (int i = 0; i < 4; i++) {
      const char c = text_[at_++];
      if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return true;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<int32_t> parse_class_index(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text.size() > 9) return std::nullopt;
  int32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value >= kMostClasses) return std::nullopt;
  return value;
}

SampleLabel parse_cls(std::string_view text) {
  SampleLabel label;
  text = trimmed(text);
  label.index = parse_class_index(text);
  const bool number = !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  if (!label.index && !number && !text.empty() && text.find('\n') == std::string_view::npos) {
    label.name = std::string(text);
  }
  return label;
}

std::optional<SampleLabel> parse_json_label(std::string_view text) {
  constexpr std::array<std::string_view, 4> kLabels = {"label", "cls", "class", "class_id"};
  SampleLabel label;
  size_t best = kLabels.size();
  JsonReader json(text);
  const bool valid = json.object([&](const std::string& key) {
    if (key == "class_name" || key == "label_name") {
      if (json.peek() != '"') return json.skip_value();
      std::string name;
      if (!json.string(name)) return false;
      label.name = std::move(name);
      return true;
    }
    size_t rank = 0;
    while (rank < kLabels.size() && kLabels[rank] != key) rank++;
    const char first = json.peek();
    if (rank >= best || first == '{' || first == '[') return json.skip_value();
    best = rank;
    if (first == '"') {
      std::string name;
      if (!json.string(name)) return false;
      label.index.reset();
      label.name = std::move(name);
      return true;
    }
    const std::string_view word = json.word();
    label.index = parse_class_index(word);
    return !word.empty();
  });
  if (!valid || !json.at_end()) return std::nullopt;
  return label;
}

}  // namespace singlepath
