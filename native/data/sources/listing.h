// What is found where images are looked for, before any of them is read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/broken_images.h"
#include "data/sources/name_list.h"

namespace singlepath {

// Something left out, by the path a user knows it under, and why.
struct ImageProblem {
  std::string name, reason;
};

// What a walk passed over. Hidden files and __MACOSX are not worth a word.
struct ListingNotes {
  std::vector<ImageProblem> problems;
  std::map<std::string, int64_t>
      ignored;  // files that are no JPEG or PNG, by extension ("" where there is none)
};

// The images of one split with their class. `names` are relative to the root of the source.
struct ImageList {
  std::vector<std::string> classes;
  NameList names;
  std::vector<int32_t> labels;
};

// Throws INVALID_DATASET where the policy does not allow what was left out of a set of `images`.
void check_problems(const ListingNotes& notes, int64_t images, const BrokenPolicy& policy);

// .jpg, .jpeg and .png in any case.
bool is_image_name(const std::string& name);

// Counts a file that is no image under its extension.
void note_ignored(ListingNotes& notes, const std::string& name);

// Names that begin with a dot, and __MACOSX.
bool is_hidden(const std::string& name);

}  // namespace singlepath
