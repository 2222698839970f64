// ProcessGroupGloo.hpp includes five headers of Gloo that PyTorch's wheels do not ship. c10d itself holds all
// objects of Gloo, and only shared pointers to them cross the border, so declarations are enough. Real
// headers (Debian: libgloo-dev) come first in the search order.
#pragma once
