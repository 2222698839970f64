#include "data/sources/table.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "data/sources/encoded_files.h"
#include "data/sources/label_file.h"
#include "data/sources/natural_order.h"
#include "data/sources/random_file.h"

namespace singlepath {
namespace {

constexpr int64_t kLargestTable = int64_t{2} << 30;
constexpr size_t kLongestField = 1 << 16;

[[noreturn]] void wrong_line(const std::string& what, int64_t line, const std::string& name,
                             const std::string& got, const std::string& hint) {
  throw Error(
      "INVALID_DATASET",
      "Expected " + what + " in line " + std::to_string(line) + " of '" + name + "' but received " + got,
      hint);
}

// Splits a table into rows of fields.
class TableReader {
 public:
  TableReader(const std::string& text, const std::string& name) : text_(text), name_(name) {
    if (text_.compare(0, 3, "\xef\xbb\xbf") == 0) at_ = 3;  // byte order mark
    const std::string first = text_.substr(at_, text_.find('\n', at_) - at_);
    separator_ = first.find('\t') != std::string::npos ? '\t' : ',';
  }

  int64_t line() const { return begin_; }

  // False at the end. Empty lines are passed over.
  bool row(std::vector<std::string>& fields) {
    while (at_ < text_.size()) {
      fields.clear();
      begin_ = line_;
      do fields.push_back(field());
      while (at_ < text_.size() && text_[at_] == separator_ && ++at_);
      end_line();
      if (fields.size() > 1 || !fields[0].empty()) return true;
    }
    return false;
  }

 private:
  std::string field() {
    std::string value;
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (quoted) at_++;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (quoted && c == '"') {
        at_++;
        if (at_ >= text_.size() || text_[at_] != '"') return value;
      } else if (!quoted && (c == separator_ || c == '\n' || c == '\r')) {
        return value;
      }
      if (c == '\n') line_++;
      if (c == '\0') wrong_line("text", line_, name_, "a zero byte", "the file is no table");
      value += c;
      at_++;
      if (value.size() > kLongestField) {
        wrong_line("a field of at most " + std::to_string(kLongestField) + " characters", begin_, name_,
                   "a longer one", "a quotation mark may be missing");
      }
    }
    if (quoted) wrong_line("a closing quotation mark", begin_, name_, "the end of the file", "");
    return value;
  }

  void end_line() {
    if (at_ < text_.size() && text_[at_] == '\r') at_++;
    if (at_ == text_.size()) return;
    if (text_[at_] != '\n') {
      wrong_line("a separator or the end of the line", line_, name_, std::string("'") + text_[at_] + "'",
                 "a quotation mark inside a field is written twice");
    }
    at_++;
    line_++;
  }

  const std::string& text_;
  const std::string& name_;
  size_t at_ = 0;
  char separator_ = ',';
  int64_t line_ = 1, begin_ = 1;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

int column_named(const std::vector<std::string>& header, const std::vector<std::string>& names) {
  for (size_t i = 0; i < header.size(); i++) {
    if (std::find(names.begin(), names.end(), lower(header[i])) != names.end()) return static_cast<int>(i);
  }
  return -1;
}

Split split_of(const TableRow& row, const std::string& table) {
  const std::string name = lower(row.split);
  if (name == "train" || name == "training") return Split::train;
  if (name == "test" || name == "val" || name == "valid" || name == "validation") return Split::test;
  wrong_line("a split (train, val or test)", row.line, table, "'" + row.split + "'", "");
}

// Class names of the training rows, and the index of each.
struct TableClasses {
  std::vector<std::string> names;
  std::unordered_map<std::string, int32_t> by_name;
  bool numbers = false;  // labels are indices
};

TableClasses table_classes(const std::vector<TableRow>& rows, const std::vector<std::string>& class_names) {
  TableClasses classes;
  classes.numbers = std::all_of(rows.begin(), rows.end(),
                                [](const TableRow& row) { return parse_class_index(row.label).has_value(); });
  if (!class_names.empty()) {
    classes.names = class_names;
  } else if (classes.numbers) {
    int32_t most = -1;
    for (const auto& row : rows) most = std::max(most, *parse_class_index(row.label));
    for (int32_t i = 0; i <= most; i++) classes.names.push_back(std::to_string(i));
  } else {
    for (const auto& row : rows) {
      if (classes.by_name.emplace(row.label, 0).second) classes.names.push_back(row.label);
    }
    std::sort(classes.names.begin(), classes.names.end(), natural_less);
  }
  for (size_t i = 0; i < classes.names.size(); i++) {
    classes.by_name[classes.names[i]] = static_cast<int32_t>(i);
  }
  return classes;
}

int32_t label_of(const TableRow& row, const TableClasses& classes, const std::string& table) {
  if (classes.numbers) {
    const auto number = parse_class_index(row.label);
    if (number && *number < static_cast<int32_t>(classes.names.size())) return *number;
  } else if (const auto found = classes.by_name.find(row.label); found != classes.by_name.end()) {
    return found->second;
  }
  wrong_line("one of the " + std::to_string(classes.names.size()) + " classes of the training images",
             row.line, table, "'" + row.label + "'",
             classes.numbers ? "classes are numbers from 0" : "classes are named as in the training rows");
}

std::vector<TableRow> read_table(const std::string& path) {
  return parse_table(read_text_file(path, kLargestTable), path);
}

}  // namespace

std::vector<TableRow> parse_table(const std::string& text, const std::string& name) {
  TableReader reader(text, name);
  std::vector<std::string> fields;
  std::vector<TableRow> rows;
  int path = 0, label = 1, split = -1;
  for (bool first = true; reader.row(fields); first = false) {
    if (first) {
      const int named_path = column_named(fields, {"path", "file", "filename", "image"});
      const int named_label = column_named(fields, {"label", "class", "target", "category"});
      if (named_path >= 0 && named_label >= 0) {
        path = named_path;
        label = named_label;
        split = column_named(fields, {"split"});
        continue;
      }
    }
    const auto count = static_cast<int>(fields.size());
    if (count <= std::max({path, label, split})) {
      wrong_line("a path and a label", reader.line(), name, std::to_string(count) + " column(s)",
                 "each line is path,label; tabs or commas separate columns");
    }
    TableRow row{fields[static_cast<size_t>(path)], fields[static_cast<size_t>(label)], "", reader.line()};
    if (split >= 0) {
      row.split = fields[static_cast<size_t>(split)];
      if (row.split.empty()) wrong_line("a split (train, val or test)", row.line, name, "none", "");
    }
    if (row.path.empty() || row.label.empty()) {
      wrong_line("a path and a label", row.line, name, row.path.empty() ? "no path" : "no label", "");
    }
    rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    throw Error("INVALID_DATASET", "Expected lines of path,label in '" + name + "' but found none",
                "a header line path,label may come first");
  }
  return rows;
}

bool table_has_test(const std::string& table) {
  const auto rows = read_table(table);
  return !rows.front().split.empty() && std::any_of(rows.begin(), rows.end(), [&](const TableRow& row) {
    return split_of(row, table) == Split::test;
  });
}

ImageSet open_table(const std::string& table, const std::optional<std::string>& test_table, Split split,
                    const std::vector<std::string>& class_names) {
  std::vector<TableRow> train = read_table(table), test;
  const bool both = !train.front().split.empty();
  if (both) {
    const auto middle = std::stable_partition(train.begin(), train.end(), [&](const TableRow& row) {
      return split_of(row, table) == Split::train;
    });
    test.assign(std::make_move_iterator(middle), std::make_move_iterator(train.end()));
    train.erase(middle, train.end());
  } else if (split == Split::test && test_table) {
    test = read_table(*test_table);
  }
  const std::string& shown = split == Split::test && !both && test_table ? *test_table : table;
  const std::vector<TableRow>& rows = split == Split::train ? train : test;
  if (rows.empty()) {
    throw Error("INVALID_DATASET",
                std::string("Expected ") + (split == Split::train ? "training" : "test") + " images in '" +
                    shown + "' but there are none",
                "a column split says train, val or test; data.testPath names a table of test images, "
                "data.testFraction=0.1 sets a tenth of each class aside");
  }
  const TableClasses classes = table_classes(train, class_names);
  check_class_count(classes.names, table, "a network learns to tell classes apart");

  ImageSet set;
  set.classes = classes.names;
  ImageList list;
  for (const TableRow& row : rows) {
    list.names.add(row.path);
    list.labels.push_back(label_of(row, classes, shown));
  }
  const size_t slash = shown.rfind('/');
  set.source = std::make_shared<FileSource>(slash == std::string::npos ? "" : shown.substr(0, slash + 1),
                                            std::move(list));
  return set;
}

}  // namespace singlepath
