// Runs native work while other Python threads go on.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <cxxabi.h>
#include <pybind11/pybind11.h>

namespace authjwks::bindings {

/// The value of `work()`, called without the GIL. By the macros, not a guard object: taking the GIL back ends a daemon
/// thread at interpreter exit, and out of a destructor that would end the process with it.
template <class Work>
auto without_gil(Work&& work) {
    std::optional<decltype(work())> value;
    std::exception_ptr failure;
    Py_BEGIN_ALLOW_THREADS
    try {
        value.emplace(std::forward<Work>(work)());
    } catch (const abi::__forced_unwind&) {
        throw;  // a thread that ends inside a Python fetch
    } catch (...) {
        failure = std::current_exception();
    }
    Py_END_ALLOW_THREADS
    if (failure) std::rethrow_exception(failure);
    return *std::move(value);
}

}  // namespace authjwks::bindings
