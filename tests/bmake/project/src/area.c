#include "geometry.h"

int Area(Shape shape) { return shape.width * shape.height; }
