// Time that passes only when a test says so.
#pragma once

#include <atomic>

#include "net/fetch.hpp"

namespace authjwks::support {

/// Thread-safe.
class FakeClock {
  public:
    Tick now() const { return Tick(Clock::duration(ticks_.load())); }
    void advance(Clock::duration duration) { ticks_ += duration.count(); }

  private:
    // Far from the clock's epoch, which must not mean anything.
    std::atomic<Clock::rep> ticks_{Clock::duration(std::chrono::hours(1000)).count()};
};

}  // namespace authjwks::support
