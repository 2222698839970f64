#pragma once

#include <cstdint>

namespace singlepath {

// Calls of libtorch's operators by the code of this process since the first call of this function, those that
// an operator makes itself not counted. On a GPU each is a launch or more, so tests bound their number.
int64_t operators_called();

}  // namespace singlepath
