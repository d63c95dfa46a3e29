// The memory in which one token is taken apart, kept from token to token so that the hot path allocates nothing.
#pragma once

#include <memory>
#include <string>

#include "base/json.hpp"
#include "jose/header.hpp"

namespace authjwks {

struct Scratch {
    HeaderReader headers;
    json::Document claims{kMaxTokenDepth};
    std::string signature;
};

/// A Scratch for the caller alone, lent from a stock that belongs to the calling thread. Lent, not thread-wide: turning
/// claims into Python objects can run a finaliser that verifies another token on the same thread meanwhile.
class ScratchLease {
  public:
    ScratchLease();
    ~ScratchLease();
    ScratchLease(const ScratchLease&) = delete;
    ScratchLease& operator=(const ScratchLease&) = delete;

    Scratch& operator*() const noexcept { return *scratch_; }

  private:
    std::unique_ptr<Scratch> scratch_;
};

}  // namespace authjwks
