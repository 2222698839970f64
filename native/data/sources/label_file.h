// What a WebDataset sample says about its class: <key>.cls or <key>.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace singlepath {

// A class by number, by name, or both; neither where nothing is said.
struct SampleLabel {
  std::optional<int32_t> index;
  std::optional<std::string> name;
};

constexpr int32_t kMostClasses = 1'000'000;

// A whole number from 0 to below kMostClasses, blanks around it allowed.
std::optional<int32_t> parse_class_index(std::string_view text);

// Content of a .cls file: a number, or a name on one line.
SampleLabel parse_cls(std::string_view text);

// Top-level members of a JSON object: the number or name in "label", "cls", "class" or "class_id" (the first
// of these that is there), and a name in "class_name" or "label_name". None for what is no JSON object.
std::optional<SampleLabel> parse_json_label(std::string_view text);

}  // namespace singlepath
