#include "binding/js_error.h"

#include <new>
#include <string>

#include "core/error.h"

namespace singlepath {
namespace {

Napi::Error make(Napi::Env env, const std::string& code, const std::string& message, const std::string& hint) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", code);
  if (!hint.empty()) error.Set("hint", hint);
  return error;
}

}  // namespace

Napi::Error js_error(Napi::Env env, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Napi::Error& js) {
    return js;
  } catch (const Error& known) {
    return make(env, known.code, known.what(), known.hint);
  } catch (const std::bad_alloc&) {
    return make(env, "NATIVE", "Out of memory", "use smaller batches or fewer images");
  } catch (const std::exception& other) {
    return make(env, "NATIVE", other.what(), "");
  } catch (...) {
    return make(env, "NATIVE", "Unknown native error", "");
  }
}

}  // namespace singlepath
