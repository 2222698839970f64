// C++ exceptions as JavaScript errors with `code` and `hint` (src/runtime/call.ts turns them into
// SinglePathError).
#pragma once

#include <exception>
#include <string>

#include "binding/napi_setup.h"
#include "core/error.h"

namespace singlepath {

// An exception on its way to the JavaScript thread.
struct Failure {
  std::string code, message, hint;

  // Of the exception being handled; c10::Error without its backtrace.
  static Failure current();
  Napi::Error to_js(Napi::Env env) const;
};

// Runs `body` on the JavaScript thread; what it throws becomes a coded JavaScript error.
template <class Body>
auto guarded(Napi::Env env, Body&& body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw Failure::current().to_js(env);
  }
}

}  // namespace singlepath
