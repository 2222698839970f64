// The one include of napi.h. C++ exceptions of every kind become JavaScript errors; c10::Error included.
#pragma once

#ifndef NAPI_VERSION
#define NAPI_VERSION 9
#endif
// A worker that is being terminated takes no exception; without this one ends the process.
#ifndef NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#endif
#ifndef NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#define NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#endif
#include <napi.h>
