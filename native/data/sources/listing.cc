#include "data/sources/listing.h"

#include <algorithm>
#include <cctype>

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
