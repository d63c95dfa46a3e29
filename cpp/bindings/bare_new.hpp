// Prevents objects whose C++ part was not constructed, as Python's `__new__` alone would make.
#pragma once

#include <pybind11/pybind11.h>

namespace authjwks::bindings {

/// Makes `T.__new__(T)` raise TypeError: Python refuses it for a type whose allocation differs from that of the base
/// where `__new__` is found. Calling the type works as before.
inline void refuse_bare_new(const pybind11::handle& type) {
    reinterpret_cast<PyTypeObject*>(type.ptr())->tp_new = [](PyTypeObject* made, PyObject*, PyObject*) {
        return pybind11::detail::make_new_instance(made);
    };
}

}  // namespace authjwks::bindings
