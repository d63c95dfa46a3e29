// The buffers for parsing one token, reused so that the hot path does not allocate.
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

/// Exclusive use of a Scratch from a pool of the calling thread. There is more than one for a thread because converting
/// claims to Python objects can run a finaliser that verifies another token.
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
