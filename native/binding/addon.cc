// The addon: its type is src/runtime/native.ts.
#include "binding/batch_handle.h"
#include "binding/cancel_handle.h"
#include "binding/dataset_handle.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/group_handle.h"
#include "binding/image_facts.h"
#include "binding/loader_handle.h"
#include "binding/napi_setup.h"
#include "binding/network_handle.h"
#include "binding/script_handle.h"
#include "binding/stopwatch_handle.h"
#include "binding/store_handle.h"
#include "binding/system.h"

namespace singlepath {
namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  guarded(env, [&] {
    Environment::install(env);
    init_system(env, exports);
    CancelHandle::init(env, exports);
    BatchHandle::init(env, exports);
    DatasetHandle::init(env, exports);
    init_images(env, exports);
    LoaderHandle::init(env, exports);
    NetworkHandle::init(env, exports);
    ScriptHandle::init(env, exports);
    StopwatchHandle::init(env, exports);
    StoreHandle::init(env, exports);
    GroupHandle::init(env, exports);
  });
  return exports;
}

}  // namespace
}  // namespace singlepath

static Napi::Object init_singlepath(Napi::Env env, Napi::Object exports) {
  return singlepath::init(env, exports);
}

NODE_API_MODULE(singlepath, init_singlepath)
