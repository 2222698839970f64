// The error native code throws; binding/ gives it to JavaScript with `code` and `hint`.
#pragma once

#include <stdexcept>
#include <string>

namespace singlepath {

class Error : public std::runtime_error {
 public:
  // `code` is one of ErrorCode in src/core/errors.ts.
  Error(std::string code, const std::string& message, std::string hint = "")
      : std::runtime_error(message), code(std::move(code)), hint(std::move(hint)) {}

  const std::string code;
  const std::string hint;
};

}  // namespace singlepath
