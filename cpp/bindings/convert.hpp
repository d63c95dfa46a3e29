// Values of the core as Python objects, and back.
#pragma once

#include <algorithm>
#include <chrono>
#include <string_view>

#include <pybind11/pybind11.h>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace authjwks::bindings {

/// Text known to be UTF-8, such as the words of a table.
inline pybind11::str text(std::string_view words) { return {words.data(), words.size()}; }

/// A number of seconds on the clock of keys; beyond ten years is as good as ten years.
inline Clock::duration ticks(double seconds) {
    constexpr double longest = 10.0 * 365 * 24 * 3600;
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(seconds, longest)));
}

/// A new dict of the members. Names that claims often have are shared strings.
/// @return a new reference, or null with a Python exception set.
PyObject* to_dict(json::Object object);

/// Makes the shared strings; called once, when the module is made.
void intern_claim_names();
/// Whether `text` is one of them, which nobody has to account for.
bool is_claim_name(PyObject* text);

}  // namespace authjwks::bindings
