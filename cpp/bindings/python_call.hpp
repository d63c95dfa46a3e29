// Calls into Python from under C++ frames, where the interpreter may end a daemon thread at its exit.
#pragma once

#include <utility>

#include <cxxabi.h>
#include <pybind11/pybind11.h>
#include <unistd.h>

namespace authjwks::bindings {

/// The value of `work()`, which runs Python or waits for the GIL. A daemon thread that the interpreter ends in there
/// does not come back, and waits for the process to end: the frames above would need the GIL to be left. (As
/// Python 3.14 does.)
template <class Work>
auto or_never(Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (const abi::__forced_unwind&) {
        for (;;) pause();
    }
}

/// `function(arguments...)`, or null with a Python error set.
inline pybind11::object call_python(PyObject* function, const pybind11::tuple& arguments) {
    return pybind11::reinterpret_steal<pybind11::object>(
        or_never([&] { return PyObject_Call(function, arguments.ptr(), nullptr); }));
}

/// For what a user's function raised where nobody can be told. An interrupt is not for it alone, and comes again.
inline void discard(pybind11::error_already_set& error) {
    if (error.matches(PyExc_KeyboardInterrupt))
        PyErr_SetInterrupt();
    else
        error.discard_as_unraisable("authjwks");
}

}  // namespace authjwks::bindings
