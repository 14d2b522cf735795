# The verbs that every target is made with, so that none forgets the standard, the warnings or a label.

function(_faultline_rules target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Werror)
  # GCC 12 sees overlaps in "text" + std::string that are not there (its bug 105651), with -O2 and more.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  # A file that is included into another by a unity build looks like a header to GCC.
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  if(FAULTLINE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${FAULTLINE_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${FAULTLINE_SANITIZE})
    # GCC 12 takes members of std::stop_token for uninitialised once checks are woven in.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    # Asio's fences are in headers only; GCC says that the thread sanitizer cannot see them.
    if(FAULTLINE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-tsan)
    endif()
    # With its check of function types Clang 14 cannot emit Asio's coroutines.
    if(FAULTLINE_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(${target} PRIVATE -fno-sanitize=function)
    endif()
  endif()
endfunction()

# Under a sanitizer half of the compiler's time went into the same few headers. Only there: what users run is
# built from what each file includes, and so a file that forgets one does not compile.
if(FAULTLINE_SANITIZE AND FAULTLINE_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// Carries the precompiled header.\n")
  foreach(name faultline_precompiled faultline_precompiled_O1)
    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/precompiled.cpp)
    _faultline_rules(${name})
    target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
    target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
    target_link_libraries(${name} PRIVATE nlohmann_json::nlohmann_json spdlog::spdlog GTest::gmock Threads::Threads)
  endforeach()
  target_compile_options(faultline_precompiled_O1 PRIVATE -O1)
endif()

# STEPS_MUCH: its tests live through hours, which at -O0 under a sanitizer takes minutes.
function(_faultline_speed target steps_much)
  set(precompiled faultline_precompiled)
  if(steps_much AND FAULTLINE_SANITIZE)
    target_compile_options(${target} PRIVATE -O1)
    set(precompiled faultline_precompiled_O1)
  endif()
  if(TARGET ${precompiled})
    target_precompile_headers(${target} REUSE_FROM ${precompiled})
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
  endif()
endfunction()

# faultline_library(name [STEPS_MUCH] SOURCES ... LINKS ...)
function(faultline_library name)
  cmake_parse_arguments(ARG "STEPS_MUCH" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${ARG_SOURCES})
  _faultline_rules(${name})
  _faultline_speed(${name} ${ARG_STEPS_MUCH})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
endfunction()

# faultline_program(target OUTPUT file-name SOURCES ... LINKS ...)
function(faultline_program name)
  cmake_parse_arguments(ARG "" "OUTPUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _faultline_rules(${name})
  _faultline_speed(${name} FALSE)
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${ARG_OUTPUT}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(FAULTLINE_SANITIZE MATCHES "thread")
    # There "all" is the tests; ask for a program by its name.
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endif()
endfunction()

# faultline_test(name LABEL unit|scenario|contract [ONE_THREAD] [STEPS_MUCH] SOURCES ... LINKS ...): one GoogleTest binary.
# ONE_THREAD: no test in it starts a thread, so that the thread sanitizer, with nothing to see, leaves it out.
function(faultline_test name)
  cmake_parse_arguments(ARG "ONE_THREAD;STEPS_MUCH" "LABEL" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _faultline_rules(${name})
  _faultline_speed(${name} ${ARG_STEPS_MUCH})
  target_compile_definitions(${name} PRIVATE FAULTLINE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # Two fifths of what compiling the tests costs. The code that they test keeps these checks, and a null pointer in a
  # test shows itself when it is used.
  if(FAULTLINE_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${name} PRIVATE -fno-sanitize=null,alignment,vptr)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 1200)
  if(ARG_ONE_THREAD)
    set_tests_properties(${name} PROPERTIES COST 100)  # What computes for long begins first.
  endif()
  if(ARG_ONE_THREAD AND FAULTLINE_SANITIZE MATCHES "thread")
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    set_tests_properties(${name} PROPERTIES DISABLED TRUE)
  endif()
endfunction()
