// Native errors as JavaScript errors with `code` and `hint` (src/core/errors.ts, ErrorCode).
#pragma once

#include <exception>

#include "binding/napi_setup.h"

namespace singlepath {

Napi::Error js_error(Napi::Env env, const std::exception_ptr& error);

// Runs the body of a JavaScript function; what it throws reaches JavaScript with its code.
template <class Body>
auto guarded(Napi::Env env, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    throw js_error(env, std::current_exception());
  }
}

}  // namespace singlepath
