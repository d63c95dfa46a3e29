// Runs native code while other Python threads run.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <cxxabi.h>
#include <pybind11/pybind11.h>

namespace authjwks::bindings {

/// The value of `work()`, called without the GIL. Uses the macros and no guard object: retaking the GIL ends a daemon
/// thread at interpreter exit, which in a destructor would end the process.
template <class Work>
auto without_gil(Work&& work) {
    std::optional<decltype(work())> value;
    std::exception_ptr failure;
    Py_BEGIN_ALLOW_THREADS
    try {
        value.emplace(std::forward<Work>(work)());
    } catch (const abi::__forced_unwind&) {
        throw;  // a thread that is ended inside a Python function
    } catch (...) {
        failure = std::current_exception();
    }
    Py_END_ALLOW_THREADS
    if (failure) std::rethrow_exception(failure);
    return *std::move(value);
}

}  // namespace authjwks::bindings
