// The one include of napi.h. C++ exceptions of every kind become JavaScript errors; c10::Error included.
#pragma once

#ifndef NAPI_VERSION
#define NAPI_VERSION 9
#endif
#ifndef NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#define NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#endif
#include <napi.h>
