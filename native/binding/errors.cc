#include "binding/errors.h"

#include <c10/util/Exception.h>

#include <new>

namespace singlepath {

Failure Failure::current() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code, error.what(), error.hint};
  } catch (const c10::Error& error) {
    return {"NATIVE", error.what_without_backtrace(), ""};
  } catch (const std::bad_alloc&) {
    return {"NATIVE", "Out of memory", "use a smaller batch or less evaluation memory"};
  } catch (const std::exception& error) {
    return {"NATIVE", error.what(), ""};
  } catch (...) {
    return {"NATIVE", "Unknown native error", ""};
  }
}

Napi::Error Failure::to_js(Napi::Env env) const {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  if (!hint.empty()) error.Set("hint", Napi::String::New(env, hint));
  return error;
}

}  // namespace singlepath
