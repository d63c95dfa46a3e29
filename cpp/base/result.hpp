// A value, or the reason why there is none, with the interface of std::expected.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.hpp"

namespace authjwks {

template <class T, class E = Errc>
class [[nodiscard]] Result {
    std::variant<T, E> state_;

  public:
    using value_type = T;
    using error_type = E;

    constexpr Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    constexpr Result(E reason) : state_(std::in_place_index<1>, std::move(reason)) {}
    /// For reasons that are more than a row of a table: from the row alone.
    template <class Row>
        requires(std::is_enum_v<Row> && !std::same_as<Row, E> && std::convertible_to<Row, E>)
    constexpr Result(Row row) : Result(E(row)) {}

    constexpr explicit operator bool() const noexcept { return state_.index() == 0; }
    constexpr const T& operator*() const& { return std::get<0>(state_); }
    constexpr T& operator*() & { return std::get<0>(state_); }
    constexpr T&& operator*() && { return std::get<0>(std::move(state_)); }
    constexpr const T* operator->() const { return &std::get<0>(state_); }
    constexpr T* operator->() { return &std::get<0>(state_); }
    constexpr const E& error() const& { return std::get<1>(state_); }
    constexpr E error() && { return std::get<1>(std::move(state_)); }
};

}  // namespace authjwks
