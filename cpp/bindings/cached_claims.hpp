// Claims as Python objects that nobody else holds, to be copied for each caller: what one changes, no other sees.
#pragma once

#include <memory>
#include <utility>

#include <pybind11/pybind11.h>

#include "base/allocation.hpp"
#include "engine/token_cache.hpp"

namespace authjwks::bindings {

/// Made, used and destroyed with the GIL held.
class PythonClaims : public CachedClaims {
  public:
    /// Keeps what a dict of claims says at this moment. @param claims  as made by to_dict().
    /// @return null with a Python exception set.
    static std::unique_ptr<const PythonClaims> of(PyObject* claims);

    /// @param frozen  in which lists are tuples. @param bytes  how much memory it takes at most.
    PythonClaims(pybind11::object frozen, std::size_t bytes)
        : frozen_(std::move(frozen)), bytes_(bytes + allocation_bytes(sizeof(PythonClaims))) {}

    /// The claims in containers of the caller's own. @return a new reference, or null with a Python exception set.
    PyObject* copy() const;
    std::size_t bytes() const noexcept override { return bytes_; }

  private:
    pybind11::object frozen_;
    std::size_t bytes_;
};

}  // namespace authjwks::bindings
