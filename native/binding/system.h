#pragma once

#include "binding/napi_setup.h"

namespace singlepath {

// versions, devices, cpu, threads, setThreads, memory.
void init_system(Napi::Env env, Napi::Object exports);

}  // namespace singlepath
