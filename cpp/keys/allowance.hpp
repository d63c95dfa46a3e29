// A rate limit with bursts: a token bucket, stored as one point in time.
#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace authjwks {

/// Pure: the time is an argument. The lock of the owner guards it.
class Allowance {
  public:
    /// @param burst how many may be taken at once, at least one. @param refill the time after which one more may be
    /// taken.
    Allowance(unsigned int burst, Clock::duration refill) : capacity_(refill * burst), refill_(refill) {}

    /// @param to_leave how many must be left for others. @return whether there was one to take.
    bool take(Tick now, unsigned int to_leave = 0) {
        if (wait(now, to_leave) > Clock::duration::zero()) return false;
        full_at_ = std::max(full_at_, now) + refill_;
        return true;
    }

    /// Undoes a take().
    void give_back() { full_at_ -= refill_; }

    /// How long until one can be taken; zero when one can be now.
    Clock::duration wait(Tick now, unsigned int to_leave = 0) const {
        return std::max(Clock::duration::zero(), full_at_ + refill_ * (1 + to_leave) - capacity_ - now);
    }

  private:
    Clock::duration capacity_, refill_;
    Tick full_at_{};  // when all will have come back, if none is taken
};

}  // namespace authjwks
