// The interpreter as the host of the engine: its lock is the GIL, and its form of claims is a dict.
#pragma once

#include <memory>

#include <pybind11/pybind11.h>

#include "engine/host.hpp"

namespace authjwks::bindings {

/// Used with the GIL held.
class PythonHost final : public Host {
  public:
    /// @return false when a Python exception was set meanwhile, by the handler of a signal.
    bool run_unlocked(Work work) override;
    std::unique_ptr<const CachedClaims> deliver(json::Object claims, bool to_be_cached) override;
    void deliver(const CachedClaims& claims) override;

    /// The dict of the claims that were delivered; null, with a Python exception set, where it could not be made.
    pybind11::object& claims() noexcept { return claims_; }

  private:
    pybind11::object claims_;
};

}  // namespace authjwks::bindings
