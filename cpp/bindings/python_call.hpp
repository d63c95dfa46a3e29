// Calls into Python from under C++ frames, where the interpreter may end a daemon thread at its exit.
#pragma once

#include <memory>
#include <utility>

#include <cxxabi.h>
#include <pybind11/pybind11.h>
#include <unistd.h>

namespace authjwks::bindings {

/// The value of `work()`, which runs Python or waits for the GIL. A daemon thread that the interpreter ends in there
/// never returns, as the frames above would need the GIL to unwind: it sleeps until the process ends. (Python 3.14 does
/// the same.)
template <class Work>
auto or_never(Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (const abi::__forced_unwind&) {
        for (;;) pause();
    }
}

/// `function(arguments...)`, or null with a Python error set.
template <class... Arguments>
pybind11::object call_python(PyObject* function, const Arguments&... arguments) {
    PyObject* each[]{nullptr, arguments.ptr()...};  // the first is room for the callee: see PEP 590
    return pybind11::reinterpret_steal<pybind11::object>(or_never([&] {
        return PyObject_Vectorcall(function, each + 1, sizeof...(arguments) | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
    }));
}

/// Disposes of what a user's function raised where no caller can get it. A KeyboardInterrupt was not meant for that
/// function alone, so it is raised again in the main thread.
inline void discard(pybind11::error_already_set& error) {
    if (error.matches(PyExc_KeyboardInterrupt))
        PyErr_SetInterrupt();
    else
        error.discard_as_unraisable("authjwks");
}

/// A function that threads without the GIL may share: the last owner takes the GIL to release it.
inline std::shared_ptr<PyObject> share(const pybind11::function& function) {
    return {function.inc_ref().ptr(), [](PyObject* released) {
                const pybind11::gil_scoped_acquire held;
                Py_DECREF(released);
            }};
}

}  // namespace authjwks::bindings
