// Python strings that many tokens have in common, made once: claim names, issuers, audiences, scopes.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_set>

#include <pybind11/pybind11.h>

#include "bindings/free_threading.hpp"

namespace authjwks::bindings {

/// A bounded table of str objects found by their characters. Used with the GIL held.
class StringPool {
  public:
    /// A str of UTF-8 text. @return a new reference, or null with a Python exception set.
    PyObject* get(std::string_view text);
    /// Puts an ASCII name into the pool for good, as the very object that Python code has for it.
    void pin(const char* name);
    /// Whether `text` is the very object of a name that is pinned.
    bool is_pinned(PyObject* text) const { return pinned_.contains(text); }

  private:
    static constexpr std::size_t kMaxBytes = 256;  // bytes; longer texts are seldom repeated
    static constexpr std::size_t kSets = 512, kWays = 4;
    struct Set {
        std::array<PyObject*, kWays> strings{};
        std::size_t pinned = 0, next = 0;  // those pinned come first; which of the others is replaced next
    };

    Set& set_of(std::string_view text);

    TableMutex mutex_;
    std::array<Set, kSets> sets_;
    std::unordered_set<PyObject*> pinned_;
};

}  // namespace authjwks::bindings
