// The clock that all waiting and ageing is measured on.
#pragma once

#include <chrono>

namespace authjwks {

/// Monotonic.
using Clock = std::chrono::steady_clock;
using Tick = Clock::time_point;

}  // namespace authjwks
