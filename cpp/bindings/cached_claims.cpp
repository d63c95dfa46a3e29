#include "bindings/cached_claims.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/allocation.hpp"
#include "bindings/convert.hpp"

namespace authjwks::bindings {
namespace {

namespace py = pybind11;

constexpr std::size_t kCollectorHeader = 2 * sizeof(void*), kTableHeader = 32;
constexpr std::size_t kNumber = allocation_bytes(sizeof(PyLongObject) + 2 * sizeof(digit));  // a float is no larger
#if PY_VERSION_HEX >= 0x030B0000
constexpr std::size_t kMember = 2 * sizeof(void*);
#else
constexpr std::size_t kMember = 3 * sizeof(void*);
#endif

/// Shared texts are counted in full, as their other owners may be destroyed first.
std::size_t text_bytes(PyObject* text) {
    if (is_claim_name(text)) return 0;
    const std::size_t header = PyUnicode_IS_ASCII(text) != 0 ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
    const auto characters = static_cast<std::size_t>(PyUnicode_GET_LENGTH(text)) + 1;
    return allocation_bytes(header + characters * PyUnicode_KIND(text));
}

/// The table of a dict has a power of two of slots, at most two thirds of them used; each has an index of one byte, or
/// of up to four in a large table.
std::size_t table_bytes(std::size_t members) {
    if (members == 0) return 0;
    const std::size_t places = std::bit_ceil(std::max(members + members / 2 + 1, std::size_t{8}));
    const std::size_t index = places < std::size_t{1} << 8U ? 1 : sizeof(std::int32_t);
    return allocation_bytes(kTableHeader + places * index + places * 2 / 3 * kMember);
}

/// The size of an object without what it refers to.
std::size_t own_bytes(PyObject* value) {
    if (PyUnicode_CheckExact(value)) return text_bytes(value);
    if (PyDict_CheckExact(value))
        return allocation_bytes(kCollectorHeader + sizeof(PyDictObject)) +
               table_bytes(static_cast<std::size_t>(PyDict_GET_SIZE(value)));
    if (PyTuple_CheckExact(value))
        return allocation_bytes(kCollectorHeader + sizeof(PyTupleObject) +
                                sizeof(PyObject*) * static_cast<std::size_t>(PyTuple_GET_SIZE(value)));
    return kNumber;
}

py::object steal(PyObject* object) { return py::reinterpret_steal<py::object>(object); }

/// Cached containers cannot be part of a cycle, so the garbage collector need not visit them.
py::object without_collector(py::object container) {
    if (container) PyObject_GC_UnTrack(container.ptr());
    return container;
}

bool is_container(PyObject* value) { return PyList_CheckExact(value) || PyDict_CheckExact(value); }

py::object freeze(PyObject* container, std::size_t& bytes);

/// Lists are stored as tuples, which are smaller and mark what has to be copied.
py::object freeze_list(PyObject* list, std::size_t& bytes) {
    const Py_ssize_t size = PyList_GET_SIZE(list);
    auto tuple = steal(PyTuple_New(size));
    for (Py_ssize_t index = 0; tuple && index < size; ++index) {
        PyObject* const item = PyList_GET_ITEM(list, index);
        py::object copy = is_container(item) ? freeze(item, bytes) : py::reinterpret_borrow<py::object>(item);
        if (!copy) return {};
        if (!is_container(item)) bytes += own_bytes(item);
        PyTuple_SET_ITEM(tuple.ptr(), index, copy.release().ptr());
    }
    return tuple;
}

py::object freeze_dict(PyObject* dict, std::size_t& bytes) {
    auto frozen = steal(PyDict_Copy(dict));
    PyObject *name = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (frozen && PyDict_Next(dict, &position, &name, &value) != 0) {
        bytes += text_bytes(name);
        if (!is_container(value)) {
            bytes += own_bytes(value);
            continue;
        }
        const py::object copy = freeze(value, bytes);
        if (!copy || PyDict_SetItem(frozen.ptr(), name, copy.ptr()) != 0) return {};
    }
    return frozen;
}

py::object freeze(PyObject* container, std::size_t& bytes) {
    auto frozen = PyList_CheckExact(container) ? freeze_list(container, bytes) : freeze_dict(container, bytes);
    if (frozen) bytes += own_bytes(frozen.ptr());
    return without_collector(std::move(frozen));
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
