#ifndef GEOMETRY_H_
#define GEOMETRY_H_

#include "types.h"

int Area(Shape shape);
int Total(const Shape* shapes, int count);

#endif
