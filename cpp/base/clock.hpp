// The clock that all waiting and ageing is measured on.
#pragma once

#include <chrono>

namespace authjwks {

/// Never set back.
using Clock = std::chrono::steady_clock;
using Tick = Clock::time_point;

}  // namespace authjwks
