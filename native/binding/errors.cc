#include "binding/errors.h"

#include <c10/util/Exception.h>
#include <torch/version.h>

#include <new>

#include "runtime/cuda_device.h"

namespace singlepath {
namespace {

constexpr const char* kSmaller =
    "use a smaller batch (with train.accumulate for the same gradient), or less evaluate.memory";

// The allocator's message goes on with its statistics and settings.
std::string first_sentence(const std::string& text) {
  return text.substr(0, text.find(". ", text.find(". ") + 1)).substr(0, text.find('\n'));
}

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 8)
bool lost_device(const c10::Error& error) {
  return dynamic_cast<const c10::AcceleratorError*>(&error) != nullptr;
}
#else
bool lost_device(const c10::Error& error) {
  return std::string(error.what_without_backtrace()).rfind("CUDA error", 0) == 0;
}
#endif

}  // namespace

Failure Failure::current() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code, error.what(), error.hint};
  } catch (const c10::OutOfMemoryError& error) {
    empty_cuda_cache();
    return {"OUT_OF_MEMORY", first_sentence(error.what_without_backtrace()), kSmaller};
  } catch (const c10::Error& error) {
    if (!lost_device(error)) return {"NATIVE", error.what_without_backtrace(), ""};
    const std::string text = error.what_without_backtrace();
    return {"DEVICE_FAILED", text.substr(0, text.find('\n')),
            "the device takes no more work from this process: start it again; a training resumes from its "
            "last checkpoint"};
  } catch (const std::bad_alloc&) {
    return {"OUT_OF_MEMORY", "Out of memory", kSmaller};
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
