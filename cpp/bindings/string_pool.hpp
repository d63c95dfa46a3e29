// A pool of Python strings that many tokens share: claim names, issuers, audiences, scopes.
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
    /// Adds an ASCII name permanently, as the interned object.
    void pin(const char* name);
    /// Whether `text` is the object of a pinned name.
    bool is_pinned(PyObject* text) const { return pinned_.contains(text); }

  private:
    static constexpr std::size_t kMaxBytes = 256;  // longer texts are rarely repeated
    static constexpr std::size_t kSets = 512, kWays = 4;
    struct Set {
        std::array<PyObject*, kWays> strings{};
        std::size_t pinned = 0, next = 0;  // pinned ones come first; the next to be replaced
    };

    Set& set_of(std::string_view text);

    TableMutex mutex_;
    std::array<Set, kSets> sets_;
    std::unordered_set<PyObject*> pinned_;
};

}  // namespace authjwks::bindings
