// Values of the core as Python objects, and back.
#pragma once

#include <algorithm>
#include <chrono>
#include <string_view>

#include <pybind11/pybind11.h>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace authjwks::bindings {

/// A str of text that is known to be UTF-8.
inline pybind11::str text(std::string_view words) { return {words.data(), words.size()}; }

/// Seconds as a duration, bounded to ten years.
inline Clock::duration ticks(double seconds) {
    constexpr double longest = 10.0 * 365 * 24 * 3600;
    const double bounded = seconds > 0 ? std::min(seconds, longest) : 0;  // zero for what is no number
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(bounded));
}

/// A new dict of the members. Frequent names of claims are shared strings. @return a new reference, or null with a
/// Python exception set.
PyObject* to_dict(json::Object object);

/// Makes the shared strings; called once, when the module is made.
void intern_claim_names();
/// Whether `text` is one of them, and so takes no memory of its own.
bool is_claim_name(PyObject* text);

}  // namespace authjwks::bindings
