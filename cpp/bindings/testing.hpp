// authjwks._core.testing: single steps of the core, for tests and comparisons with other libraries.
#pragma once

#include <pybind11/pybind11.h>

namespace authjwks::bindings {

void bind_testing(pybind11::module_& module);

}  // namespace authjwks::bindings
