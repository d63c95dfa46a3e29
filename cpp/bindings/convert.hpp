// Texts and claims as Python objects.
#pragma once

#include <string_view>

#include <pybind11/pybind11.h>

#include "base/json.hpp"

namespace authjwks::bindings {

/// Text known to be UTF-8, such as the words of a table.
inline pybind11::str text(std::string_view words) { return {words.data(), words.size()}; }

/// A new dict of the members. Names that claims often have are shared strings.
/// @return a new reference, or null with a Python exception set.
PyObject* to_dict(json::Object object);

/// Makes the shared strings; called once, when the module is made.
void intern_claim_names();

}  // namespace authjwks::bindings
