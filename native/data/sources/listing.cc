#include "data/sources/listing.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace singlepath {
namespace {

// In lower case, with its dot; "" where there is none.
std::string extension_of(const std::string& name) {
  const size_t slash = name.rfind('/'), dot = name.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  std::string extension = name.substr(dot);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

}  // namespace

void check_problems(const ListingNotes& notes, int64_t images, const BrokenPolicy& policy) {
  const auto count = static_cast<double>(notes.problems.size());
  if (count == 0 || (policy.skip && count <= policy.most_share * static_cast<double>(images))) return;
  const ImageProblem& first = notes.problems.front();
  throw Error("INVALID_DATASET",
              "Expected images that can be read but " + std::to_string(notes.problems.size()) + " of " +
                  std::to_string(images + static_cast<int64_t>(notes.problems.size())) + " cannot; '" +
                  first.name + "': " + first.reason,
              policy.skip ? "data.brokenShare sets how many may be left out"
                          : "`singlepath data verify` lists them; data.broken=skip leaves them out");
}

bool is_image_name(const std::string& name) {
  const std::string extension = extension_of(name);
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

void note_ignored(ListingNotes& notes, const std::string& name) {
  notes.ignored[extension_of(name)]++;
}

bool is_hidden(const std::string& name) {
  return (!name.empty() && name.front() == '.') || name == "__MACOSX";
}

}  // namespace singlepath
