#include "bindings/dict_shape.hpp"

#include <algorithm>
#include <cstdint>

namespace authjwks::bindings {
namespace {

PyObject* blank_dict(std::span<PyObject* const> names) {
    PyObject* const dict = PyDict_New();
    if (dict == nullptr) return nullptr;
    for (PyObject* const name : names)
        if (PyDict_SetItem(dict, name, Py_None) != 0) {
            Py_DECREF(dict);
            return nullptr;
        }
    return dict;
}

}  // namespace

PyObject* DictShapes::make(std::span<PyObject* const> names) {
    if (names.empty()) return PyDict_New();
    [[maybe_unused]] const TableLock lock(mutex_);
    const auto look = reinterpret_cast<std::uintptr_t>(names.front()) ^ reinterpret_cast<std::uintptr_t>(names.back());
    Shape& shape = known_[(look / 64 + names.size()) % kKnown];
    if (!std::ranges::equal(names, std::span(shape.names).first(shape.count))) {
        PyObject* const blank = blank_dict(names);
        if (blank == nullptr) return nullptr;
        Py_XDECREF(shape.blank);
        shape.blank = blank;
        shape.count = names.size();
        std::ranges::copy(names, shape.names.begin());
    }
    // Before 3.12 a copy can run the garbage collector, and so code that replaces this shape by another.
    PyObject* const blank = Py_NewRef(shape.blank);
    PyObject* const dict = PyDict_Copy(blank);
    Py_DECREF(blank);
    return dict;
}

}  // namespace authjwks::bindings
