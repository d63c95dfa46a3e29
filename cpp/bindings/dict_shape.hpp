// Makes dicts with the names of an earlier dict by copying that, which is several times faster than inserting names.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <pybind11/pybind11.h>

#include "bindings/free_threading.hpp"

namespace authjwks::bindings {

/// Caches the names of the last few dicts. Used with the GIL held.
class DictShapes {
  public:
    static constexpr std::size_t kMaxNames = 32;

    /// A dict of these names, at most kMaxNames and distinct, each with the value None.
    /// @param names  str objects, borrowed. @return a new reference, or null with a Python exception set.
    PyObject* make(std::span<PyObject* const> names);

  private:
    static constexpr std::size_t kKnown = 8;
    struct Shape {
        std::array<PyObject*, kMaxNames> names{};  // belong to `blank`
        std::size_t count = 0;
        PyObject* blank = nullptr;
    };

    TableMutex mutex_;
    std::array<Shape, kKnown> known_;
};

}  // namespace authjwks::bindings
