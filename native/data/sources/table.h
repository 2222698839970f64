// A table of images: CSV (RFC 4180) or TSV with a path and a label a line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/sources/arrange.h"
#include "data/sources/image_set.h"

namespace singlepath {

struct TableRow {
  std::string path, label;
  std::string split;  // "" where the table has no such column
  int64_t line = 0;
};

// Rows of a table. The first line is a header where it names a column of paths (path, file, filename, image)
// and one of labels (label, class, target, category); else columns are path, label. `name` is for errors
// (INVALID_DATASET, with the line).
std::vector<TableRow> parse_table(const std::string& text, const std::string& name);

// True where the table has a column `split` with a val or test in it.
bool table_has_test(const std::string& table);

// The images of a table, paths relative to its folder. With a column `split` (train; val or test) the table
// holds both splits; else the test images are those of `test_table`. Labels that are all numbers are class
// indices, named by `class_names` where given; other labels are names, classes in natural order.
ImageSet open_table(const std::string& table, const std::optional<std::string>& test_table, Split split,
                    const std::vector<std::string>& class_names);

}  // namespace singlepath
