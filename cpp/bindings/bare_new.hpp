// Objects of the core that exist were constructed: Python's `__new__` alone would make one whose C++ part was not.
#pragma once

#include <pybind11/pybind11.h>

namespace authjwks::bindings {

/// Has `T.__new__(T)` raise TypeError. Python itself refuses it where a type's own way to allocate differs from that of
/// the base which `__new__` is found in; calling the type works as ever.
inline void refuse_bare_new(const pybind11::handle& type) {
    reinterpret_cast<PyTypeObject*>(type.ptr())->tp_new = [](PyTypeObject* made, PyObject*, PyObject*) {
        return pybind11::detail::make_new_instance(made);
    };
}

}  // namespace authjwks::bindings
