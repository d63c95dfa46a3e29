// Claims as Python objects that are copied for each caller, so that changes of one are not seen by another.
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
    /// Copies a dict of claims. @param claims as made by to_dict(). @return null with a Python exception set.
    static std::unique_ptr<const PythonClaims> of(PyObject* claims);

    /// @param frozen has tuples in place of lists. @param bytes an upper bound of its memory.
    PythonClaims(pybind11::object frozen, std::size_t bytes)
        : frozen_(std::move(frozen)), bytes_(bytes + allocation_bytes(sizeof(PythonClaims))) {}

    /// The claims in new containers. @return a new reference, or null with a Python exception set.
    PyObject* copy() const;
    std::size_t bytes() const noexcept override { return bytes_; }

  private:
    pybind11::object frozen_;
    std::size_t bytes_;
};

}  // namespace authjwks::bindings
