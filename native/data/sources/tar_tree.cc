#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "data/sources/image_tree.h"
#include "data/sources/natural_order.h"

namespace singlepath {
namespace {

constexpr int64_t kLargestMemberText = 256 << 20;

bool hidden_path(const std::string& path) {
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part != ".." && is_hidden(part)) return true;
    begin = end + 1;
  }
  return false;
}

// The folders all names share, with a slash at the end; stops above train/, val/ and test/, which mean
// something.
std::string shared_folder(const std::map<std::string, TarMember>& members) {
  std::string prefix;
  for (;;) {
    std::string next;
    for (const auto& [name, member] : members) {
      if (!is_image_name(name)) continue;
      const size_t slash = name.find('/', prefix.size());
      const std::string part = slash == std::string::npos ? "" : name.substr(0, slash + 1);
      if (part.empty() || (!next.empty() && next != part)) return prefix;
      next = part;
    }
    const std::string last = next.substr(std::min(prefix.size(), next.size()));
    if (next.empty() || last == "train/" || last == "val/" || last == "test/") return prefix;
    prefix = next;
  }
}

}  // namespace

TarTree::TarTree(const std::string& archive) : archive_(std::make_shared<RandomFile>(archive)) {
  scan_tar(
      *archive_,
      [this](TarMember member) {
        if (hidden_path(member.name)) return;
        std::string name = member.name;
        members_.insert_or_assign(std::move(name), std::move(member));  // tar: the last one of a name counts
      },
      [this](TarProblem problem) {
        if (!is_image_name(problem.name) || hidden_path(problem.name)) return;
        problems_.push_back({archive_->path() + "!" + problem.name, problem.reason});
      });
  prefix_ = shared_folder(members_);
}

std::string TarTree::shown(const std::string& inside) const {
  const std::string path = prefix_ + inside;
  return path.empty() ? archive_->path() : archive_->path() + "!" + path;
}

// Names of the members below `folder`, from the root.
std::vector<std::string> TarTree::below(const std::string& folder) const {
  const std::string begin = prefix_ + (folder.empty() ? "" : folder + "/");
  std::vector<std::string> names;
  for (auto it = members_.lower_bound(begin); it != members_.end(); ++it) {
    if (it->first.compare(0, begin.size(), begin) != 0) break;
    names.push_back(it->first.substr(prefix_.size()));
  }
  return names;
}

std::vector<std::string> TarTree::folders(const std::string& folder) const {
  const size_t begin = folder.empty() ? 0 : folder.size() + 1;
  std::set<std::string> found;
  for (const std::string& name : below(folder)) {
    const size_t slash = name.find('/', begin);
    if (slash != std::string::npos) found.insert(name.substr(begin, slash - begin));
  }
  std::vector<std::string> names(found.begin(), found.end());
  std::sort(names.begin(), names.end(), natural_less);
  return names;
}

std::vector<std::string> TarTree::loose_images(const std::string& folder) const {
  const size_t begin = folder.empty() ? 0 : folder.size() + 1;
  std::vector<std::string> names;
  for (const std::string& name : below(folder)) {
    if (name.find('/', begin) == std::string::npos && is_image_name(name))
      names.push_back(name.substr(begin));
  }
  return names;
}

std::vector<std::string> TarTree::images(const std::string& folder, ListingNotes& notes) const {
  std::vector<std::string> found;
  for (auto& name : below(folder)) {
    if (is_image_name(name)) {
      found.push_back(std::move(name));
    } else {
      note_ignored(notes, name);
    }
  }
  std::sort(found.begin(), found.end(), natural_less);
  return found;
}

std::optional<std::string> TarTree::text(const std::string& path) const {
  const auto found = members_.find(prefix_ + path);
  if (found == members_.end()) return std::nullopt;
  const auto& [name, offset, size] = found->second;
  if (size > kLargestMemberText) {
    throw Error("INVALID_DATASET", "Expected a text file of at most " + std::to_string(kLargestMemberText) +
                                       " bytes at '" + shown(path) + "' but it has " + std::to_string(size));
  }
  std::string content(static_cast<size_t>(size), '\0');
  archive_->read(offset, reinterpret_cast<uint8_t*>(content.data()), size, "'" + name + "'");
  return content;
}

const TarMember& TarTree::member(const std::string& path) const {
  return members_.at(prefix_ + path);
}

}  // namespace singlepath
