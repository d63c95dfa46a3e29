#include "bindings/kept_claims.hpp"

namespace authjwks::bindings {
namespace {

namespace py = pybind11;

/// References that what is kept shares with its owner's dict: beyond these, another token's claims have it as well.
constexpr Py_ssize_t kOwnReferences = 3;

/// About what an object takes by itself. One that other tokens share has been counted with the first of them.
std::size_t own_bytes(PyObject* value) {
    constexpr std::size_t number = 32, text = 64, container = 64, slot = 24, item = 8;
    if (PyDict_CheckExact(value)) return container + slot * static_cast<std::size_t>(PyDict_GET_SIZE(value)) * 3 / 2;
    if (PyTuple_CheckExact(value)) return container + item * static_cast<std::size_t>(PyTuple_GET_SIZE(value));
    if (!PyUnicode_CheckExact(value)) return number;
    if (Py_REFCNT(value) > kOwnReferences) return 0;
    return text + static_cast<std::size_t>(PyUnicode_GET_LENGTH(value)) * PyUnicode_KIND(value);
}

py::object steal(PyObject* object) { return py::reinterpret_steal<py::object>(object); }

py::object freeze(PyObject* value, std::size_t& bytes);

/// A list is kept as a tuple, which takes less and tells it from what needs no copy.
py::object freeze_list(PyObject* list, std::size_t& bytes) {
    const Py_ssize_t size = PyList_GET_SIZE(list);
    auto tuple = steal(PyTuple_New(size));
    for (Py_ssize_t index = 0; tuple && index < size; ++index) {
        py::object item = freeze(PyList_GET_ITEM(list, index), bytes);
        if (!item) return {};
        PyTuple_SET_ITEM(tuple.ptr(), index, item.release().ptr());
    }
    return tuple;
}

py::object freeze_dict(PyObject* dict, std::size_t& bytes) {
    auto frozen = steal(PyDict_Copy(dict));
    PyObject *name = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (frozen && PyDict_Next(dict, &position, &name, &value) != 0) {
        const py::object kept = freeze(value, bytes);
        if (!kept || PyDict_SetItem(frozen.ptr(), name, kept.ptr()) != 0) return {};
    }
    return frozen;
}

py::object freeze(PyObject* value, std::size_t& bytes) {
    auto frozen = PyList_CheckExact(value)   ? freeze_list(value, bytes)
                  : PyDict_CheckExact(value) ? freeze_dict(value, bytes)
                                             : py::reinterpret_borrow<py::object>(value);
    if (frozen) bytes += own_bytes(frozen.ptr());
    return frozen;
}

PyObject* thaw(PyObject* value);

PyObject* thaw_list(PyObject* tuple) {
    const Py_ssize_t size = PyTuple_GET_SIZE(tuple);
    auto list = steal(PyList_New(size));
    for (Py_ssize_t index = 0; list && index < size; ++index) {
        PyObject* const item = thaw(PyTuple_GET_ITEM(tuple, index));
        if (item == nullptr) return nullptr;
        PyList_SET_ITEM(list.ptr(), index, item);
    }
    return list.release().ptr();
}

PyObject* thaw_dict(PyObject* frozen) {
    auto dict = steal(PyDict_Copy(frozen));
    PyObject *name = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (dict && PyDict_Next(frozen, &position, &name, &value) != 0) {
        if (!PyTuple_CheckExact(value) && !PyDict_CheckExact(value)) continue;
        const auto copied = steal(thaw(value));
        if (!copied || PyDict_SetItem(dict.ptr(), name, copied.ptr()) != 0) return nullptr;
    }
    return dict.release().ptr();
}

PyObject* thaw(PyObject* value) {
    if (PyTuple_CheckExact(value)) return thaw_list(value);
    if (PyDict_CheckExact(value)) return thaw_dict(value);
    Py_INCREF(value);
    return value;
}

}  // namespace

std::unique_ptr<const PythonClaims> PythonClaims::of(PyObject* claims) {
    std::size_t bytes = 0;
    auto frozen = freeze(claims, bytes);
    if (!frozen) return nullptr;
    return std::make_unique<const PythonClaims>(std::move(frozen), bytes);
}

PyObject* PythonClaims::copy() const { return thaw(frozen_.ptr()); }

}  // namespace authjwks::bindings
